"""What a person takes home: pictures, films, code and commands. No Panel in here."""
