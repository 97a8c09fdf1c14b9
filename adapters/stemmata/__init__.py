"""The front door of Stemmata, an embeddable, event-sourced artifact registry."""
