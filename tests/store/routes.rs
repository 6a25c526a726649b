//! The thirteen operations through PgBouncer in transaction mode, and on a primary and its hot standby through one URL.

use crate::support::for_each_route;

for_each_route! { operations:
    t1_writes_to_the_right_schema,
    t2_position_and_global_position,
    t3_expected_version_success,
    t4_expected_version_conflict,
    t5_positions_rise_by_one,
    t6_stream_messages,
    t7_position_offset_and_batch_size,
    t8_category_messages_from_several_streams,
    t9_consumer_group,
    t10_partitions_are_disjoint_and_complete,
    t11_last_message,
    t12_last_of_a_type,
    t13_stream_version,
}
