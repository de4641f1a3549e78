"""Web forms: a hosted page, somebody's own HTML form, or a JSON post. Receives only; answers go by mail."""

from core.channel import Capabilities, Line

CAPABILITIES = Capabilities(sends=False)

LINE = Line(name="webform", title="Web form", adapter="channels.webform:Webform", capabilities=CAPABILITIES)
