"""Everything durable: SQLite, its schema and the statements over it; knows nothing of modems or HTTP."""
