# libtorch as installed by a Python wheel (2.4 or later), without its own CMake package: that one looks for a CUDA
# toolkit when the wheel has CUDA. Links torch_cpu and c10, and torch_cuda too when it is there.
get_filename_component(_torch_root ${OBLIGOR_DEPS}/torch REALPATH)
if(DEFINED ENV{Torch_DIR})
  get_filename_component(_torch_root $ENV{Torch_DIR}/../../.. REALPATH)
endif()
# The wheel's own folder is given by hand: find_library prefers a system copy, and Debian's libtorch 1.13 crashes beside it.
find_path(TORCH_INCLUDE_DIR torch/torch.h PATHS ${_torch_root}/include/torch/csrc/api/include NO_DEFAULT_PATH)
find_library(TORCH_CPU_LIBRARY torch_cpu PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
find_library(C10_LIBRARY c10 PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
find_library(TORCH_CUDA_LIBRARY torch_cuda PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
if(EXISTS ${_torch_root}/version.py)
  file(STRINGS ${_torch_root}/version.py _line REGEX "^__version__")
  string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" ObligorTorch_VERSION "${_line}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ObligorTorch REQUIRED_VARS TORCH_CPU_LIBRARY C10_LIBRARY TORCH_INCLUDE_DIR VERSION_VAR ObligorTorch_VERSION
  REASON_FAILURE_MESSAGE "run 'make setup' first")
if(ObligorTorch_FOUND)
  if(ObligorTorch_VERSION VERSION_LESS 2.4)
    message(FATAL_ERROR "libtorch ${ObligorTorch_VERSION} at ${_torch_root} is too old: 2.4 or later is wanted. Point Torch_DIR at a newer one or remove it and run 'make setup'.")
  endif()
  # Wheels before 2.7 may be built with the old C++ ABI; its std::string has no __cxx11 in its symbols.
  file(STRINGS ${C10_LIBRARY} _abi REGEX "_ZN3c105ErrorC.*NSt7__cxx1112basic_string" LIMIT_COUNT 1)
  if(NOT _abi)
    message(FATAL_ERROR "libtorch ${ObligorTorch_VERSION} at ${_torch_root} was built with the old C++ ABI, which cannot be linked here. Install torch 2.7 or later (pip install 'torch>=2.7').")
  endif()
  if(NOT TARGET Torch::torch)
    add_library(Torch::c10 SHARED IMPORTED)
    set_target_properties(Torch::c10 PROPERTIES IMPORTED_LOCATION ${C10_LIBRARY})
    add_library(Torch::torch SHARED IMPORTED)
    set(_links Torch::c10)
    if(TORCH_CUDA_LIBRARY)
      # Nothing of ours names a CUDA symbol; the library registers its kernels when it is loaded.
      list(APPEND _links "-Wl,--no-as-needed,${TORCH_CUDA_LIBRARY},--as-needed")
    endif()
    # The wheel's include folder has an fmt of its own, newer than the system's library: used as headers only, the two live side by side.
    set_target_properties(Torch::torch PROPERTIES IMPORTED_LOCATION ${TORCH_CPU_LIBRARY} INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY
      INTERFACE_INCLUDE_DIRECTORIES "${_torch_root}/include;${TORCH_INCLUDE_DIR}" INTERFACE_LINK_LIBRARIES "${_links}")
  endif()
endif()
