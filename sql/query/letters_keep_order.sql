-- Returns whether no ASCII letter after a text makes it sort before itself, under the collation of stream names. The
-- empty subquery gives the comparison that collation.
--
-- $1 text
select bool_and(coalesce((select stream_name::text from {table} where false), $1) <= $1 || letter)
from unnest(string_to_array(
  'a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z', ' '
)) as letter
