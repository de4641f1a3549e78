"""Campaign links: `/go/NAME` leads to a page of the company's own, and tells what brought somebody."""
