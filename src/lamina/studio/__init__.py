"""The Studio: its pages and files, its sessions, and the links that start them."""
