-- Whether somebody may try to sign in now, and the hash that the password must fit; no user for a login that is none.
-- $1 login  $2 address of the browser
SELECT begun.user_id, begun.password_hash, begun.wait_seconds
FROM koppeling.panel_sign_in_begin($1::text, $2::text) AS begun;
