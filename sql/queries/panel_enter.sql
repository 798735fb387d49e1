-- Gives this transaction the rights of whoever has the session; no row when there is no such session any more.
-- $1 SHA-256 of its token   $2 how long a statement may take; NULL: as a page does
SELECT entered.*
FROM koppeling.panel_enter($1::bytea, coalesce($2::interval, interval '2 seconds')) AS entered;
