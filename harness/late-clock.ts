// Preloaded into a replica: its machine's clock is half a minute late.
const onTime = Date.now
Date.now = () => onTime() - 30_000
