-- Starts a transaction.
BEGIN;
