"""What the planner of the database knows of the live jobs: plans are only as good as that."""
from harness.booking import BookingCase

KNOWN = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'koppeling.job'::regclass"
# As queue_finish.sql looks for the jobs that it takes out.
FIND = """
    EXPLAIN SELECT j.id
    FROM koppeling.job j
    JOIN unnest(ARRAY(SELECT 1000 + n FROM generate_series(1, 500) n)::bigint[],
                ARRAY(SELECT n FROM generate_series(1, 500) n)::bigint[]) AS f (id, lease_token)
        ON j.id = f.id AND j.lease_token = f.lease_token"""


class StatisticsTest(BookingCase):
    def test_many_jobs_that_come_after_a_quiet_hour_are_planned_for(self):
        self.forget()
        self.assertEqual(self.db.value(KNOWN), 0)
        self.db.run("SELECT koppeling.ping(5000)")
        self.db.run("SELECT pg_stat_force_next_flush()")
        self.assertEqual(self.db.value(KNOWN), 0)
        compared = "\n".join(self.db.column(FIND))
        self.assertNotIn("Index Cond", compared, "each job is compared with each")
        self.tick()
        self.assertGreater(self.db.value(KNOWN), 4000)
        self.assertRegex("\n".join(self.db.column(FIND)), "Index Cond|Hash Cond|Merge Cond")

    def test_few_jobs_are_not_counted_anew(self):
        self.forget()
        self.db.run("SELECT koppeling.ping(100)")
        self.db.run("SELECT pg_stat_force_next_flush()")
        self.tick()
        self.assertEqual(self.db.value(KNOWN), 0)

    def test_words_of_new_orders_are_put_in_their_place(self):
        self.connect_with_numbers(70001, 70002)
        self.tick()
        self.assertEqual(self.db.value("SELECT koppeling.settle_words()"), 0, "the scheduler did it")
        chores = self.db.rows("SELECT name, failed_since, done_at FROM koppeling.chore"
                              " WHERE name IN ('words', 'statistics')")
        self.assertEqual([(row["failed_since"], row["done_at"] is not None) for row in chores],
                         [(None, True)] * 2)

    def forget(self):
        """A vacuum after jobs came and went, while none is there."""
        self.db.run("SELECT koppeling.ping(3000)")
        self.db.run("DELETE FROM koppeling.job")
        self.db.run("VACUUM (TRUNCATE off) koppeling.job")
