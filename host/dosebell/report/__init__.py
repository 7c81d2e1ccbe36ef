"""The report: a course on paper. `facts` gathers it from an archive, `page` makes one HTML file of it, `timeline` draws its days, `data` is its JSON."""
