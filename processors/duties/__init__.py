"""Who owes what by when: quarterly reports, inspection certificates, and the working calendar that moves deadlines."""
