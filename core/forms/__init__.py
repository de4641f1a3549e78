"""Forms: what one asks (`form`), what somebody sent (`submission`), whether it will do (`check`), and as an event."""
