-- $1 login  $2 hash of the password  $3 role  $4 account, or ''  $5 language
SELECT koppeling.panel_add_user($1::text, $2::text, $3::text, nullif($4, '')::bigint, $5::text);
