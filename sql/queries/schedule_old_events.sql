-- Events past their time.
SELECT koppeling.forget_events();
