-- The words of orders that came in, put in their place in the index that the search of the panel reads.
SELECT koppeling.settle_words();
