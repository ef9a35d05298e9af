"""bot: moves releases from environment to environment, and watches over them."""
