/** What Lathe's speed is measured against: PyTorch and ONNX Runtime on the rows of the workload table. */
package org.lathe.peers;
