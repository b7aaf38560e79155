"""What the app is compared with, each a page served by a process of its own."""
