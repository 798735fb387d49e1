-- Sessions, attempts to sign in and keys of requests of the panel, past their time.
SELECT koppeling.panel_forget();
