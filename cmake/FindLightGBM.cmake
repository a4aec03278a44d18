# LightGBM's C API: the library of the PyPI wheel, the header of its source archive.
find_path(LIGHTGBM_INCLUDE_DIR LightGBM/c_api.h HINTS ${OBLIGOR_DEPS}/lightgbm/include)
find_library(LIGHTGBM_LIBRARY NAMES _lightgbm lib_lightgbm lib_lightgbm.so PATHS ${OBLIGOR_DEPS}/lightgbm/lib NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LightGBM REQUIRED_VARS LIGHTGBM_LIBRARY LIGHTGBM_INCLUDE_DIR REASON_FAILURE_MESSAGE "run 'make setup' first")
if(LightGBM_FOUND AND NOT TARGET LightGBM::lightgbm)
  add_library(LightGBM::lightgbm SHARED IMPORTED)
  set_target_properties(LightGBM::lightgbm PROPERTIES IMPORTED_LOCATION ${LIGHTGBM_LIBRARY} INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${LIGHTGBM_INCLUDE_DIR}
    INTERFACE_INCLUDE_DIRECTORIES ${LIGHTGBM_INCLUDE_DIR})
endif()
