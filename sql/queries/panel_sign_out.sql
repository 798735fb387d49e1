-- Ends a session, or all of that person.
-- $1 SHA-256 of the session's token  $2 whether all of them
SELECT koppeling.panel_sign_out($1::bytea, $2::boolean);
