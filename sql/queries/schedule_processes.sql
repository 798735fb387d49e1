-- Rows of workers and schedulers that are long gone.
SELECT koppeling.forget_processes();
