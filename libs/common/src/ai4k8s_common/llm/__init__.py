"""One way to talk to language models; whoever asks knows neither provider nor key."""
