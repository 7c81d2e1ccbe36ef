"""What leaves Dosebell for other systems: FHIR resources for a hospital's server (`fhir`), a calendar (`ics`). Both are made from the chart."""
