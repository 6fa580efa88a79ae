"""What a list of each noun is, as data, and the one engine that answers for all of them. Below the doors of records."""
