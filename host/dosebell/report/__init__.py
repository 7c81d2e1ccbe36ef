"""The report: what a course was, on paper. `facts` gathers it from an archive, `page` makes one HTML file of it, `timeline` draws its days, `data` is the same as JSON."""
