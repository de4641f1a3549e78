"""Order events from a shop or an ERP, signed with HMAC-SHA256. Receives only."""

from core.channel import Capabilities, Field, Line

CAPABILITIES = Capabilities(sends=False)

LINE = Line(
    name="orders",
    title="Orders",
    adapter="channels.orders:Orders",
    capabilities=CAPABILITIES,
    fields=(Field("secret", "Signing secret", "Made for you when left empty", secret=True),),
)
