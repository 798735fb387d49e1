-- Labels as PDF past their time.
SELECT koppeling.delete_label_documents();
