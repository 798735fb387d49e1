-- Personal data past its time.
SELECT koppeling.erase_by_age();
