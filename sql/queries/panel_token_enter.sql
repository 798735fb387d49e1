-- The same for a program that shows the token of an account.
-- $1 SHA-256 of it   $2 how long a statement may take; NULL: as a page does
SELECT entered.*
FROM koppeling.panel_token_enter($1::bytea, coalesce($2::interval, interval '2 seconds')) AS entered;
