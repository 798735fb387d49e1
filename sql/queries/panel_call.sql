-- Asks for a page. The panel puts the name of a function of its table of routes in the place of panel_function.
-- $1 what is asked: {"path": {...}, "query": {...}, "form": {...}}
SELECT koppeling.panel_function($1::json);
