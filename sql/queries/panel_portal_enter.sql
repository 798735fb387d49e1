-- Makes a session for whoever a portal's token names; NULL, or why not.
-- $1 its claims  $2 SHA-256 of the session's token
SELECT koppeling.panel_portal_enter($1::json, $2::bytea);
