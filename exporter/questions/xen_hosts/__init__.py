"""What dom0 of XenServer and XCP-ng hosts is asked, and how it is read."""
