"""`/forms`: the hosted form (`page`), the door for what is sent (`take`), how that is answered (`answer`)."""
