-- $1 login  $2 hash of the password
SELECT koppeling.panel_set_password($1::text, $2::text);
