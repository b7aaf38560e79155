"""What the server does beside pages: it answers ahead of them, delivers, trains."""
