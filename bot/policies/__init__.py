"""What manifests must be: one small function for each rule, over what an environment renders to."""
