// registers FILE.spv…: compiles compute shaders with the first Vulkan driver that there is, and prints the device, and a
// line for each shader with what the compiler says of it: NAME=NUMBER, separated by tabs. Buffers of tensors are bound
// to 0 to 14, the uniform block to 15.
//
// Mesa's RADV needs no GPU: with RADV_FORCE_FAMILY it compiles for any of AMD's.
#include <stdio.h>
#include <stdlib.h>
#include <vulkan/vulkan.h>

enum { BINDINGS = 16, MOST = 64 };

static void check(VkResult r, const char *what) {
	if (r == VK_SUCCESS) return;
	fprintf(stderr, "%s: VkResult %d\n", what, r);
	exit(1);
}
#define CHECK(call) check(call, #call)

static VkDevice device;
static VkPipelineLayout layout;

static void open_device(void) {
	VkApplicationInfo app = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_1};
	VkInstanceCreateInfo with = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
	VkInstance instance;
	CHECK(vkCreateInstance(&with, NULL, &instance));
	uint32_t n = 1;
	VkPhysicalDevice gpu;
	check(vkEnumeratePhysicalDevices(instance, &n, &gpu) < 0 || n == 0 ? VK_ERROR_INITIALIZATION_FAILED : VK_SUCCESS, "no Vulkan device");
	VkPhysicalDeviceProperties about;
	vkGetPhysicalDeviceProperties(gpu, &about);
	puts(about.deviceName);

	float priority = 1;
	VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
	VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR statistics = {
		VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, .pipelineExecutableInfo = VK_TRUE};
	const char *extension = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
	VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &statistics, .queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue, .enabledExtensionCount = 1, .ppEnabledExtensionNames = &extension};
	CHECK(vkCreateDevice(gpu, &info, NULL, &device));

	VkDescriptorSetLayoutBinding bindings[BINDINGS];
	for (int i = 0; i < BINDINGS; i++)
		bindings[i] = (VkDescriptorSetLayoutBinding){i, i < BINDINGS - 1 ? VK_DESCRIPTOR_TYPE_STORAGE_BUFFER : VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
			1, VK_SHADER_STAGE_COMPUTE_BIT};
	VkDescriptorSetLayoutCreateInfo all = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = BINDINGS, .pBindings = bindings};
	VkDescriptorSetLayout set;
	CHECK(vkCreateDescriptorSetLayout(device, &all, NULL, &set));
	VkPipelineLayoutCreateInfo one = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set};
	CHECK(vkCreatePipelineLayout(device, &one, NULL, &layout));
}

static VkPipeline compile(const char *file) {
	static uint32_t words[1 << 20];
	FILE *f = fopen(file, "rb");
	size_t n = f ? fread(words, 1, sizeof words, f) : 0;
	check(n == 0 || n == sizeof words ? VK_ERROR_UNKNOWN : VK_SUCCESS, file);
	fclose(f);
	VkShaderModuleCreateInfo text = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = n, .pCode = words};
	VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR,
		.stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT, .pName = "main"}, .layout = layout};
	CHECK(vkCreateShaderModule(device, &text, NULL, &info.stage.module));
	VkPipeline p;
	CHECK(vkCreateComputePipelines(device, NULL, 1, &info, NULL, &p));
	return p;
}

int main(int argc, char **argv) {
	open_device();
	PFN_vkGetPipelineExecutablePropertiesKHR about =
		(PFN_vkGetPipelineExecutablePropertiesKHR)vkGetDeviceProcAddr(device, "vkGetPipelineExecutablePropertiesKHR");
	PFN_vkGetPipelineExecutableStatisticsKHR ask =
		(PFN_vkGetPipelineExecutableStatisticsKHR)vkGetDeviceProcAddr(device, "vkGetPipelineExecutableStatisticsKHR");
	for (int i = 1; i < argc; i++) {
		VkPipelineInfoKHR whole = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = compile(argv[i])};
		VkPipelineExecutablePropertiesKHR p = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR};
		uint32_t n = 1;
		CHECK(about(device, &whole, &n, &p));
		printf("Subgroup size=%u", p.subgroupSize);

		VkPipelineExecutableInfoKHR of = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = whole.pipeline};
		VkPipelineExecutableStatisticKHR s[MOST];
		for (int j = 0; j < MOST; j++)
			s[j] = (VkPipelineExecutableStatisticKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
		n = MOST;
		CHECK(ask(device, &of, &n, s));
		for (uint32_t j = 0; j < n; j++)
			printf("\t%s=%llu", s[j].name, (unsigned long long)s[j].value.u64);
		puts("");
	}
	return 0;
}
