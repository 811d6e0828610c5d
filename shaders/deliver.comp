// Out += what the spikes of batch members of widths examples bring to n cells, in those of m rows of the ring that this piece has:
// see compute.Deliver. Presynaptic cells are k, from dep0 on, of image.x synapses each. A thread has a cell of an example: it
// goes through image.y places of the cell's list, and no other thread adds to what it adds to. image.z is the row of this step;
// slide.x are the slots, slide.y is the delay of all where they have none of their own.
#include "args.glsl"
layout(std430, binding = 0) restrict buffer Out_ { float Out[]; };
layout(std430, binding = 1) restrict readonly buffer Spikes_ { uint Spikes[]; };
layout(std430, binding = 2) restrict readonly buffer W_ { float W[]; };
layout(std430, binding = 3) restrict readonly buffer From_ { float From[]; };
layout(std430, binding = 4) restrict readonly buffer Delay_ { float Delay[]; };
layout(local_size_x = 256) in;

// receive adds what comes by the synapse at a place of member z to cell col of example e.
void receive(int z, int e, int col, int place) {
	place -= dep0 * image.x;
	int i = place / image.x;
	if (place < 0 || i >= k)
		return;
	uint spike = Spikes[AT(1, z, e) + i];
	if (spike << 1 == 0u)
		return;
	int delay = BOUND(4) ? int(Delay[AT(4, z, 0) + place]) : slide.y;
	if (delay < 0 || delay >= slide.x) // no synapse
		return;
	int row = (image.z + delay) % slide.x - row0;
	if (row >= 0 && row < m)
		Out[AT(0, z, row) + e * wide + col] += uintBitsToFloat(spike) * W[AT(2, z, 0) + place];
}

void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int e = int(gl_WorkGroupID.y); e < widths; e += int(gl_NumWorkGroups.y))
			for (int col = int(gl_GlobalInvocationID.x); col < n; col += int(gl_NumWorkGroups.x) * 256)
				for (int q = 0; q < image.y; q++) {
					float place = From[AT(3, z, col) + q];
					if (place < 0.0)
						break;
					receive(z, e, col, int(place));
				}
}
