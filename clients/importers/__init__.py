"""Files of pipelines and of MXCuBE, read into submissions. What finds no place in a submission is listed."""
