"""What is stored, in forms that outlive a data folder: a backup of it, and an archive that is read line by line."""
