-- Makes a session for whoever a proxy has recognised; NULL, or why not.
-- $1 login  $2 SHA-256 of the session's token  $3 address
SELECT koppeling.panel_proxy_enter($1, $2::bytea, $3);
