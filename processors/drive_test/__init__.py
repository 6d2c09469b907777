"""Drive tests of the Department (đo kiểm chất lượng mạng): samples as CSV, row by row, to counts that are measurements."""
