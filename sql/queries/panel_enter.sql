-- Gives this transaction the rights of whoever has the session; no row when there is no such session any more.
-- $1 SHA-256 of its token
SELECT entered.* FROM koppeling.panel_enter($1::bytea) AS entered;
