"""Who the server answers: host names, logins, and what one visitor may take of it."""
