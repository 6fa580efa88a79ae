"""How exports are made: the cells, the file, and the rows of each kind. Below the doors of exports."""
