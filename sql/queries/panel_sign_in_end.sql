-- Remembers how the attempt ended, and makes the session when the password was right.
-- $1 user, or NULL  $2 whether it was right  $3 SHA-256 of the session's token  $4 address  $5 browser
SELECT koppeling.panel_sign_in_end($1::bigint, $2::boolean, $3::bytea, $4::text, $5::text);
