-- koppeling-sql(7) says what the comments in the database say. When it does not: make manual.
BEGIN;
SELECT plan(1);
\set made `cat docs/man/koppeling-sql.7.sql`
CREATE TEMP TABLE page AS
:made
\set kept `cat docs/man/koppeling-sql.7`
SELECT is((SELECT p.string_agg FROM page p), :'kept', 'the manual page is what `make manual` makes of this database');
SELECT finish();
ROLLBACK;
