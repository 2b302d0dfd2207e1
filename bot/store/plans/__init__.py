"""Plans of guilds, and the GPU time that members have used."""
