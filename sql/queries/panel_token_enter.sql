-- The same for a program that shows the token of an account.
-- $1 SHA-256 of it
SELECT entered.* FROM koppeling.panel_token_enter($1::bytea) AS entered;
