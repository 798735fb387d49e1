-- Whether the database is new enough to remember what the migrations made.
SELECT to_regclass('koppeling.schema_object') IS NOT NULL AS remembers;
