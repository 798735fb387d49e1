-- The PDFs of a print, in their order, and how they are put on paper; no content: it is not there.
-- $1 the print
SELECT document.layout, document.first_position, document.content
FROM koppeling.panel_print_pdf($1::bigint) AS document
ORDER BY document.place;
