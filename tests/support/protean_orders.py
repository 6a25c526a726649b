"""Places 25 orders, lets an event handler of Protean read them, and places 12 more that nobody reads.

The argument is the URL of a database with Message DB.
"""

import sys

from protean import Domain, handle
from protean.fields import Identifier
from protean.server import Engine

domain = Domain(name="Shop")
url = f"{sys.argv[1]}?options=-csearch_path%3Dmessage_store"
domain.config["event_store"] = {"provider": "message_db", "database_uri": url}
domain.config["event_processing"] = "async"


@domain.aggregate
class Order:
    order_id = Identifier(identifier=True)


@domain.event(part_of=Order)
class Placed:
    order_id = Identifier()


@domain.event_handler(part_of=Order)
class Mailer:
    @handle(Placed)
    def mail(self, event):
        pass


def place(orders):
    with domain.domain_context():
        for number in orders:
            order = Order(order_id=str(number))
            order.raise_(Placed(order_id=str(number)))
            domain.repository_for(Order).add(order)


domain.init(traverse=False)
place(range(25))
with domain.domain_context():
    Engine(domain, test_mode=True).run()
place(range(25, 37))
